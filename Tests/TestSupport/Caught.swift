/// The error of `type` that `body` throws, or nil. Swift Testing's own `#expect(throws:)` returns it from Swift 6.1 only.
package func caught<Failure: Error, Result>(_ type: Failure.Type, _ body: () throws -> Result) -> Failure? {
    do {
        _ = try body()
        return nil
    } catch { return error as? Failure }
}
