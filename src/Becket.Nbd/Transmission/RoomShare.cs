namespace Becket.Nbd.Transmission;

/// <summary>
/// One connection's part of the server's <see cref="TransferRoom"/>. Only the connection's own thread waits; any thread may
/// rent without waiting and give back.
/// </summary>
internal sealed class RoomShare
{
    /// <summary>More than what sockets take on behalf of a client that does not read.</summary>
    private const long Proof = 16 * 1024 * 1024;

    private readonly TransferRoom _room;
    private readonly object _bell = new();
    private bool _hasRung;

    public RoomShare(TransferRoom room, ClientPace pace)
    {
        _room = room;
        Pace = pace;
        room.Join(this);
    }

    /// <summary>How the client gets on with what is held for it.</summary>
    public ClientPace Pace { get; }

    /// <summary>Whether the client has shown that it takes what it asks for.</summary>
    public bool HasProven => Pace.Moved >= Proof;

    /// <summary>Bytes that the connection holds. This and what follows is the room's, and guarded by its lock.</summary>
    public long Held { get; set; }

    /// <summary>The part of them that lies in the lane.</summary>
    public long HeldInLane { get; set; }

    public bool IsNewcomer { get; set; } = true;

    /// <summary>The capacity that is waited for.</summary>
    public int Wanted { get; set; }

    public bool IsGranted { get; set; }

    public bool IsAborted { get; set; }

    /// <summary>Null where the connection would have to wait for room.</summary>
    public TransferBuffer? TryRent(int length) => _room.TryRent(this, length);

    /// <summary>Waits for room, or throws once the connection is aborted.</summary>
    public TransferBuffer Rent(int length)
    {
        _room.Queue(this, length);
        lock (_bell)
        {
            while (!_hasRung)
                Monitor.Wait(_bell);

            _hasRung = false;
        }

        return _room.TakeGranted(this, length) ?? throw new ConnectionEndedException("aborted");
    }

    public void Return(TransferBuffer buffer) => _room.Return(this, buffer);

    /// <summary>Gives the room back but not the memory.</summary>
    public void Forget(TransferBuffer buffer) => _room.Forget(this, buffer);

    /// <summary>Ends the wait, now and in future.</summary>
    public void Abort() => _room.Abort(this);

    /// <summary>The client is gone: what is still held is waited for no more.</summary>
    public void Part() => _room.Part(this);

    /// <summary>For the room: <see cref="Rent"/> has its answer.</summary>
    public void Wake()
    {
        lock (_bell)
        {
            _hasRung = true;
            Monitor.Pulse(_bell);
        }
    }
}
