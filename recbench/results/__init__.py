"""The results of jobs: records, the store, the rows of a table, significance."""
