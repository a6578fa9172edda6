using Becket.Nbd.Tls;

namespace Becket.Nbd;

/// <summary>The bounds within which an NBD server deals with its clients.</summary>
public sealed record NbdServerOptions
{
    /// <summary>Connections at one time, each with a thread of its own; a further one is closed at once.</summary>
    public int MaximumConnections { get; init; } = 256;

    /// <summary>Who may connect at all; judged before the first byte.</summary>
    public ClientAdmission Admission { get; init; } = new();

    /// <summary>Null: this server has no TLS, and says so to clients that ask.</summary>
    public TlsServer? Tls { get; init; }

    /// <summary>From accepting a client to the end of its handshake, that of TLS included.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A client that takes no byte of its replies, or sends none of a request it has begun, for this long is disconnected.
    /// </summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A client that asks for nothing for this long is disconnected; null: never, because clients of disks may be idle for days. A
    /// stream that is not a socket is left alone.
    /// </summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>
    /// While another client waits for memory, having none: one that takes less than a sixteenth of what is held for it in this time is
    /// disconnected, and so is one that sends as little of a write.
    /// </summary>
    public TimeSpan CrowdedTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>When the server stops: how long requests that are under way may take.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests of one connection that wait for the device or for their reply to be sent; its next one is not received.</summary>
    public int RequestsInFlight { get; init; } = 128;

    /// <summary>The bytes of those requests. One request may exceed the bound when it is alone.</summary>
    public long BytesInFlight { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// Memory for the requests of all connections together, headers and rounding included. One request at a time that is longer
    /// than a quarter of it is held beside it.
    /// </summary>
    public long TransferMemory { get; init; } = 24 * 1024 * 1024;

    /// <summary>The clock of <see cref="CrowdedTimeout"/>, of <see cref="IdleTimeout"/> and of the log.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;
}
