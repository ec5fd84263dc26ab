"""What decisions about left carts earn, beside simple rules and the best possible."""
