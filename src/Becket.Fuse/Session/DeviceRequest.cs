using Becket.Blocks;
using Becket.Fuse.Protocol;

namespace Becket.Fuse.Session;

/// <summary>A request that the device has to answer, checked: its range lies inside the device, and the device offers the verb.</summary>
internal readonly record struct DeviceRequest(RequestHeader Header, ByteRange Range)
{
    private const AllocateMode Known = AllocateMode.KeepSize | AllocateMode.PunchHole | AllocateMode.ZeroRange;

    /// <summary>Whether zeroed space may be given back.</summary>
    public bool MayTrim { get; init; }

    /// <summary>Whether a hole is looked for, not data.</summary>
    public bool SeeksHole { get; init; }

    /// <summary>Reads any request but a READ, or says why it is refused.</summary>
    public static Errno TryRead(in RequestHeader header, ReadOnlySpan<byte> body, BlockDeviceInfo info, out DeviceRequest request)
    {
        request = default;
        if (header.Node != FileFolder.FileNode)
            return Errno.Invalid;
        switch (header.Opcode)
        {
            case FuseOpcode.Write:
                return TryReadWrite(header, body, info, out request);
            case FuseOpcode.Allocate:
                return TryReadAllocate(header, body, info, out request);
            case FuseOpcode.Seek when info.Has(BlockDeviceFeatures.Extents):
                return TryReadSeek(header, body, info, out request);
            case FuseOpcode.Sync when !info.IsReadOnly:
                request = new DeviceRequest(header, default);
                return Errno.None;
            default:
                return Errno.NotImplemented; // SYNC: the kernel takes it for "always done"; SEEK: for "all data"
        }
    }

    private static Errno TryReadWrite(in RequestHeader header, ReadOnlySpan<byte> body, BlockDeviceInfo info, out DeviceRequest request)
    {
        request = default;
        if (!TransferRequest.TryRead(body, out var write) || write.Length > body.Length - TransferRequest.Size)
            return Errno.Invalid;
        if (info.IsReadOnly)
            return Errno.ReadOnlyFileSystem;

        request = new DeviceRequest(header, new ByteRange(write.Offset, write.Length));
        return request.Range.FitsIn(info.Size) ? Errno.None : Errno.NoSpace;
    }

    private static Errno TryReadAllocate(in RequestHeader header, ReadOnlySpan<byte> body, BlockDeviceInfo info, out DeviceRequest request)
    {
        request = default;
        if (!AllocateRequest.TryRead(body, out var allocate))
            return Errno.Invalid;
        if (info.IsReadOnly)
            return Errno.ReadOnlyFileSystem;

        // Reserving space means nothing here; zeroing is what loop makes of a discard and of writing zeroes.
        var way = allocate.Mode & ~AllocateMode.KeepSize;
        if (!info.Has(BlockDeviceFeatures.Zero) || (allocate.Mode & ~Known) != AllocateMode.None
            || way is not (AllocateMode.PunchHole or AllocateMode.ZeroRange))
        {
            return Errno.NotSupported;
        }
        var range = new ByteRange(allocate.Offset, allocate.Length);
        if (!range.FitsIn(info.Size))
        {
            // Digging a hole behind the end is allowed, and does nothing there.
            if (way != AllocateMode.PunchHole || allocate.Offset < 0 || allocate.Length < 0)
                return Errno.NoSpace;
            range = new ByteRange(Math.Min(allocate.Offset, info.Size), 0);
            range = range with { Length = info.Size - range.Offset };
        }
        request = new DeviceRequest(header, range) { MayTrim = way == AllocateMode.PunchHole };
        return Errno.None;
    }

    private static Errno TryReadSeek(in RequestHeader header, ReadOnlySpan<byte> body, BlockDeviceInfo info, out DeviceRequest request)
    {
        request = default;
        if (!SeekRequest.TryRead(body, out var seek) || seek.Whence is not (SeekRequest.Data or SeekRequest.Hole))
            return Errno.Invalid;
        if (seek.Offset < 0 || seek.Offset >= info.Size)
            return Errno.NoSuchDeviceOrAddress;

        request = new DeviceRequest(header, ByteRange.FromBounds(seek.Offset, info.Size)) { SeeksHole = seek.Whence == SeekRequest.Hole };
        return Errno.None;
    }
}
