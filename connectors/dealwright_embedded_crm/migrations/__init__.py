"""The embedded CRM's migrations, run by `database.py` when a database is opened."""
