using Becket.Fuse.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Becket.Fuse.Session;

/// <summary>
/// A descriptor of /dev/fuse: each read is one whole request, each write one whole reply. A reply goes to the descriptor that its
/// request came from. Reads block, and only the end of the mount ends one.
/// </summary>
internal sealed class FuseChannel(SafeFileHandle file) : IDisposable
{
    /// <summary>FUSE_DEV_IOC_CLONE: _IOR(229, 0, uint32_t).</summary>
    private const nuint CloneInto = 0x8004_E500;

    /// <summary>Another descriptor of the same mount with a lock of its own; where that cannot be had, this one.</summary>
    public FuseChannel Clone()
    {
        var clone = Libc.Open(DeviceNode.Path, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (!clone.IsInvalid)
        {
            var isHeld = false;
            try
            {
                file.DangerousAddRef(ref isHeld);
                var original = (uint)file.DangerousGetHandle();
                if (Libc.Control(clone, CloneInto, ref original) == 0)
                    return new FuseChannel(clone);
            }
            finally
            {
                if (isHeld)
                    file.DangerousRelease();
            }
        }
        clone.Dispose();
        return this;
    }

    /// <summary>Waits for the next request and returns its length; 0: the mount is over.</summary>
    /// <exception cref="FuseException">The kernel does not give requests.</exception>
    public int Receive(Span<byte> buffer)
    {
        while (true)
        {
            var length = Libc.Read(file, buffer, buffer.Length);
            if (length >= 0)
                return (int)length;

            switch (Libc.LastError)
            {
                case Errno.Interrupted or Errno.TryAgain or Errno.NoEntry: // the last: who asked has gone meanwhile
                    continue;
                case Errno.NoDevice or Errno.ConnectionAborted:
                    return 0;
                case var errno:
                    throw new FuseException($"cannot receive from {DeviceNode.Path}: {Libc.Words(errno)}");
            }
        }
    }

    /// <summary>
    /// Sends a reply. One that nobody waits for any more, because its request was aborted or the mount is over, is dropped.
    /// Returns the error for any other reason.
    /// </summary>
    public Errno Send(ReadOnlySpan<byte> reply)
    {
        while (Libc.Write(file, reply, reply.Length) < 0)
        {
            if (Libc.LastError is not Errno.Interrupted)
                return Libc.LastError is Errno.NoEntry or Errno.NoDevice or Errno.ConnectionAborted ? Errno.None : Libc.LastError;
        }
        return Errno.None;
    }

    public Errno SendError(ulong unique, Errno error)
    {
        Span<byte> reply = stackalloc byte[ReplyHeader.Size];
        new ReplyHeader(ReplyHeader.Size, error, unique).Write(reply);
        return Send(reply);
    }

    public void Dispose() => file.Dispose();
}
