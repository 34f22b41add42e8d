"""Where and when: areas on the globe, spans of time, seasons; read from text, and asked."""
