namespace Becket.Bench.Compare.Races;

/// <summary>
/// The client that all peers are raced with has crashed, so that its run says nothing of the peer: nbdfuse 1.14 aborts now and then, 20 s
/// after its start.
/// </summary>
internal sealed class ClientCrashException(string message, Exception inner) : IOException(message, inner);
