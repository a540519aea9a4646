"""The desk's pages of datasets: from a department's file to what everybody reads."""
