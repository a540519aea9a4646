"""The citizens' face, in Japanese and English."""
