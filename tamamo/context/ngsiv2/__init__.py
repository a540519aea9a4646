"""The NGSIv2 door at /v2: what Orion clients speak, over the same entities and the same writes."""
