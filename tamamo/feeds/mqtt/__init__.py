"""Devices that publish to an MQTT broker (docs/subsystems/mqtt.md).

A connection is a file HOME/mqtt/<name>.toml. Nothing here is loaded where there is none.
"""
