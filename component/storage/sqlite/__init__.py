"""The store on SQLite, by aiosqlite."""
