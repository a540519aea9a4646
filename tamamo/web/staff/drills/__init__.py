"""Staff pages of drills (訓練): made, run, ended, reviewed."""
