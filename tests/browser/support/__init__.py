"""What the browser tests stand on: a chat server of their own and a hand on the widget."""
