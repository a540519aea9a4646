"""The operators' face: what runs, what does not, who may what. See docs/subsystems/console.md."""
