"""What jobs left behind: records, the store, the rows of a table, significance."""
