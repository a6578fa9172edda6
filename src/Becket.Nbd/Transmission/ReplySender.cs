using System.Collections.Concurrent;

namespace Becket.Nbd.Transmission;

/// <summary>
/// The sending direction of one connection. Whoever sends holds the one lock; replies of requests that had to wait are
/// queued, and the next holder sends them too. Queueing never waits, so no pool thread is held up by a slow client.
/// </summary>
/// <remarks>
/// The sender's own thread exists because the connection's thread may be asleep in receive when a reply is ready. It is
/// started with the first request that has to wait; a connection of hits never has one.
/// </remarks>
internal sealed class ReplySender(
    ClientPace client, ReplyFormat format, RoomShare share, InFlightRequests inFlight, ConnectionLifetime lifetime)
{
    private const int GatherCapacity = 64 * 1024;
    private const int StackSize = 256 * 1024;

    private readonly Lock _sending = new();
    private readonly ConcurrentQueue<Finished> _queued = new();
    private readonly ReplyBatch _gathered = new(format, share, GatherCapacity);
    private readonly object _bell = new();
    private bool _hasRung;
    private Thread? _thread;
    private volatile bool _isClosing;

    /// <summary>Sends what is queued and then <paramref name="replies"/>; returns when the kernel has taken all of it.</summary>
    public void Send(ReadOnlySpan<byte> replies)
    {
        lock (_sending)
        {
            SendQueued();
            if (!replies.IsEmpty)
                client.Send(replies);
        }
    }

    /// <summary>Sends what is queued and then one reply, which stays the caller's; needs no room.</summary>
    public void Send(in Reply reply)
    {
        lock (_sending)
        {
            SendQueued();
            SendAlone(reply);
        }
    }

    /// <summary>To be called before a request is started that may call <see cref="Queue"/>; only by the connection's thread.</summary>
    public void EnsureStarted()
    {
        if (_thread is not null)
            return;

        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "nbd replies" };
        _thread.Start();
    }

    /// <summary>Takes over a reply; <paramref name="charge"/> bytes leave the in-flight count when it is sent.</summary>
    public void Queue(in Reply reply, long charge)
    {
        _queued.Enqueue(new Finished(reply, charge));
        Wake();
    }

    /// <summary>Makes the sender's thread look at the queue; after an abort it throws the queued replies away.</summary>
    public void Wake()
    {
        lock (_bell)
        {
            _hasRung = true;
            Monitor.Pulse(_bell);
        }
    }

    /// <summary>Ends the sender's thread; only by the connection's thread, and only once nothing is in flight.</summary>
    public void Close()
    {
        _isClosing = true;
        Wake();
        _thread?.Join();
    }

    private void Run()
    {
        while (!_isClosing)
        {
            AwaitWake();
            try
            {
                lock (_sending)
                    SendQueued();
            }
            catch (ConnectionEndedException e)
            {
                lifetime.Abort(e.Message);
            }
        }
    }

    private void AwaitWake()
    {
        lock (_bell)
        {
            while (!_hasRung)
                Monitor.Wait(_bell);

            _hasRung = false;
        }
    }

    /// <summary>Sends every queued reply, small ones together. Each one leaves the count even when sending fails.</summary>
    private void SendQueued()
    {
        while (_queued.TryDequeue(out var finished))
        {
            try
            {
                if (!lifetime.IsAborted)
                    Gather(finished.Reply);
            }
            finally
            {
                finished.Reply.Content?.Dispose();
                inFlight.Leave(finished.Charge);
            }
        }

        if (lifetime.IsAborted)
            _gathered.Clear();
        else
            SendGathered();
    }

    private void Gather(in Reply reply)
    {
        if (_gathered.IsEmpty && _queued.IsEmpty)
        {
            // Nothing to gather it with.
            SendAlone(reply);
            return;
        }

        if (_gathered.TryAdd(reply))
            return;

        SendGathered();
        if (!_gathered.TryAdd(reply))
            SendAlone(reply);
    }

    private void SendGathered()
    {
        try
        {
            if (!_gathered.IsEmpty)
                client.Send(_gathered.Content);
        }
        finally
        {
            _gathered.Clear();
        }
    }

    private void SendAlone(in Reply reply)
    {
        if (reply.Content is { } content)
        {
            client.Send(content.Span);
            return;
        }

        Span<byte> header = stackalloc byte[ReplyFormat.MaximumHeaderSize];
        client.Send(header[..format.Write(header, reply)]);
    }

    private readonly record struct Finished(Reply Reply, long Charge);
}
