"""Configuration: TOML and environment, read into a frozen `Config`."""
