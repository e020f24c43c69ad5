"""Ratings in files and data frames: CSV, TSV, Parquet, pandas."""
