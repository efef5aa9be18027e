import Testing

@Suite("Config") struct PlaceholderTests {}
