"""SMS: how many parts a text takes, what they may cost, and the ways to send them."""
