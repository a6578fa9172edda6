using System.Net;
using System.Net.Sockets;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>Carries out one script against a server, taking what comes while it sends, and checks what came.</summary>
internal static class FuzzClient
{
    /// <summary>Nothing here takes so long, however busy the machine is: what does, hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Returns the socket of a client that stalls; the caller closes it some time.</summary>
    public static Socket? Run(EndPoint server, FuzzScript script, Random splits)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(server);
            socket.Blocking = false;
            var received = new MemoryStream();
            var completeness = script.Session is { } session
                ? FuzzTlsClient.Converse(socket, script, session, splits, received)
                : Converse(socket, script, splits, received);
            var sent = new SentBytes(script.Heard.ToArray());
            new ReplyChecker(sent, new ReplyReader(received.GetBuffer(), (int)received.Length), script.Protection).Check(completeness);
            if (script.Farewell == Farewell.Stall)
            {
                var stalled = socket;
                socket = null;
                return stalled;
            }

            if (script.Farewell == Farewell.Reset)
                socket.LingerState = new LingerOption(true, 0);
            return null;
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private static Completeness Converse(Socket socket, FuzzScript script, Random splits, MemoryStream received)
    {
        var piece = splits.Next(3) switch { 0 => splits.Next(1, 40), 1 => 1000, _ => int.MaxValue };
        piece = Math.Max(piece, script.Bytes.Length / 200);
        var buffer = new byte[64 * 1024];
        var (sent, hasShutDown) = (0, false);
        try
        {
            while (true)
            {
                var limit = received.Length < script.AnswerBeforePause ? script.Pause : script.Bytes.Length;
                if (sent == script.Bytes.Length && script.Farewell != Farewell.HalfClose)
                    return Completeness.BrokenOff;
                if (sent == script.Bytes.Length && !hasShutDown)
                {
                    socket.Shutdown(SocketShutdown.Send);
                    hasShutDown = true;
                }

                var (readable, writable) = (new List<Socket> { socket }, sent < limit ? new List<Socket> { socket } : []);
                Socket.Select(readable, writable.Count > 0 ? writable : null, null, Patience);
                if (readable.Count + writable.Count == 0)
                    throw new TimeoutException(
                        $"the server neither answers nor closes; {sent} of {script.Bytes.Length} bytes sent, {received.Length} received; "
                        + $"it leaves by {script.Farewell}, TLS: {script.Protection}");

                if (readable.Count > 0)
                {
                    var count = socket.Receive(buffer);
                    if (count == 0)
                        return hasShutDown ? Completeness.Complete : Completeness.BrokenOff;
                    received.Write(buffer, 0, count);
                }

                if (writable.Count > 0)
                    sent += socket.Send(script.Bytes.AsSpan(sent, Math.Min(limit - sent, piece)));
            }
        }
        catch (SocketException e) when (e.SocketErrorCode
            is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NotConnected)
        {
            return Completeness.BrokenOff;
        }
    }
}
