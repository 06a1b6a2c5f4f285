"""What sources with a schedule share."""
