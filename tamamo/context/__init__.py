"""The NGSI-LD context broker (ETSI GS CIM 009 V1.9.1): state, history and changes. No Django."""
