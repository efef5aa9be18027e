import Testing

@Suite("Style") struct PlaceholderTests {}
