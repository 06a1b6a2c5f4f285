"""What typed lines mean. Pure: names and times are given."""
