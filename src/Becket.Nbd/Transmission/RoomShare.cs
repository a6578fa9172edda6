namespace Becket.Nbd.Transmission;

/// <summary>
/// One connection's part of the server's <see cref="TransferRoom"/>. Only the connection's own thread waits; any thread may
/// rent without waiting and give back.
/// </summary>
internal sealed class RoomShare(TransferRoom room)
{
    private readonly object _bell = new();
    private bool _hasRung;

    /// <summary>Bytes that the connection holds. This and what follows is the room's, and guarded by its lock.</summary>
    public long Held { get; set; }

    /// <summary>The capacity that is waited for.</summary>
    public int Wanted { get; set; }

    public bool IsGranted { get; set; }

    public bool IsAborted { get; set; }

    /// <summary>Null where the connection would have to wait for room.</summary>
    public TransferBuffer? TryRent(int length) => room.TryRent(this, length);

    /// <summary>Waits for room, or throws once the connection is aborted.</summary>
    public TransferBuffer Rent(int length)
    {
        room.Queue(this, length);
        lock (_bell)
        {
            while (!_hasRung)
                Monitor.Wait(_bell);

            _hasRung = false;
        }

        return room.TakeGranted(this, length) ?? throw new ConnectionEndedException("aborted");
    }

    public void Return(TransferBuffer buffer) => room.Return(this, buffer);

    /// <summary>Gives the room back but not the memory.</summary>
    public void Forget(TransferBuffer buffer) => room.Forget(this, buffer);

    /// <summary>Ends the wait, now and in future.</summary>
    public void Abort() => room.Abort(this);

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
