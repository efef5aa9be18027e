import Testing

@Suite("Core") struct PlaceholderTests {}
