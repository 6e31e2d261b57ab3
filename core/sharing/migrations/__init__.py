"""How the tables came to be, step by step; run by `core.sharing.migrating` under a lock."""
