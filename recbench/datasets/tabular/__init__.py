"""Readers of ratings in CSV, TSV and Parquet files and in pandas data frames."""
