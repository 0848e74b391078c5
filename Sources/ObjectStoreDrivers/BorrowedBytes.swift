import ObjectStore

extension [UInt8] {
    /// The standard library's `withUnsafeBytes` with the type of what it throws, which that of Swift 6.0 loses.
    func withBorrowedBytes<Result>(_ body: (UnsafeRawBufferPointer) throws(StoreError) -> Result) throws(StoreError) -> Result {
        try withUnsafeBytes { bytes in Swift.Result { () throws(StoreError) in try body(bytes) } }.get()
    }
}
