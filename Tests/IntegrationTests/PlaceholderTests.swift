import Testing

@Suite("Integration") struct PlaceholderTests {}
