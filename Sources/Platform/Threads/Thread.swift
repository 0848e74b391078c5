import Glibc

/// A POSIX thread with a body. Foundation's own `Thread` would bring all of Foundation into the agent.
package struct Thread: @unchecked Sendable {
    // `pthread_t` is a number or a pointer by platform; it is only ever handed back to `pthread_join`.
    private let handle: pthread_t

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    package init(stackBytes: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        var handle = pthread_t()
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        let code = pthread_create(&handle, &attributes, { context in
            Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
            return nil
        }, context)
        precondition(code == 0, "pthread_create: \(code)")
        self.handle = handle
    }

    /// Waits for the body to end. Call it once, and never after `detach`.
    package func join() { pthread_join(handle, nil) }

    package static func detach(stackBytes: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) {
        pthread_detach(Thread(stackBytes: stackBytes, body).handle)
    }
}
