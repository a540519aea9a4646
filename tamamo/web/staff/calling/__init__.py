"""Staff pages of contacts, duty rosters, contact trees and calls (docs/subsystems/calling.md)."""
