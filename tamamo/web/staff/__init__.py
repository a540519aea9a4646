"""The staff face: registers that departments keep (see docs/subsystems/staff.md)."""
