"""The demo shop: its catalogue, its pictures' data and a simulated past with known truth."""
