"""The progress report, written from records: one document, five formats, and the comparison."""
