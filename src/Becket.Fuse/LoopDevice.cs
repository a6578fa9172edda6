using Becket.Fuse.Loop;
using Microsoft.Win32.SafeHandles;

namespace Becket.Fuse;

/// <summary>
/// A file as a disk of this machine, /dev/loopN: the kernel's loop device, which takes root. It shows whole blocks only, so the rest
/// behind the last block of a file is not in it.
/// </summary>
public sealed class LoopDevice : IDisposable
{
    private const string ControlPath = "/dev/loop-control";

    private const nuint ClearFile = 0x4C01;
    private const nuint Configure = 0x4C0A;
    private const nuint GetFree = 0x4C82;

    /// <summary>The permissions of a node that we make.</summary>
    private const uint OwnerAndGroup =
        (uint)(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);

    /// <summary>A free one is not reserved: others may be quicker, and they come in crowds.</summary>
    private const int Attempts = 100;

    private readonly string? _backingFile;
    private readonly string? _sequence;
    private bool _isDetached;

    private LoopDevice(int index)
    {
        Index = index;
        _backingFile = LoopEntry.BackingFile(index);
        _sequence = LoopEntry.DiskSequence(index);
    }

    public int Index { get; }

    public string Path => PathOf(Index);

    /// <summary>The file under a loop device, whoever attached it; null: it is free or not there.</summary>
    public static string? BackingFile(int index) => LoopEntry.BackingFile(index);

    /// <summary>One that is attached, whoever attached it.</summary>
    public static LoopDevice Open(int index) => new(index);

    /// <summary>
    /// Puts a free loop device over a file. Returns when the kernel has read the partition table, if it is to. Not for the process that
    /// serves the file: it could not be killed while it waits for itself.
    /// </summary>
    /// <exception cref="FuseException">It cannot be done; the sentence says why and what to do.</exception>
    public static LoopDevice Attach(string file, LoopDeviceOptions options)
    {
        using var control = OpenControl();
        using var backing = OpenFile(file, options.Access);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var index = Libc.Control(control, GetFree, 0);
            if (index < 0)
                throw new FuseException($"{ControlPath} has no loop device left: {Libc.Words(Libc.LastError)}");
            if (!TryConfigure(index, file, backing, options))
                continue;
            LoopEntry.TrySetReadAhead(index, options.ReadAhead);
            return new LoopDevice(index);
        }
        throw new FuseException($"no loop device for {file}: {Attempts} times another process was quicker");
    }

    /// <summary>
    /// Takes the file away. While something is mounted from it or has it open, the kernel does that after the last one has left.
    /// What somebody else has detached already, and may have attached to another file since, is left alone.
    /// </summary>
    public void Detach()
    {
        if (_isDetached || !IsStillOurs())
            return;
        using var loop = Libc.Open(Path, Libc.OpenReadOnly | Libc.OpenCloseOnExec);
        if (loop.IsInvalid || Libc.Control(loop, ClearFile, 0) < 0)
        {
            if (Libc.LastError is not (Errno.NoSuchDeviceOrAddress or Errno.NoEntry))
                throw new FuseException($"cannot detach {Path}: {Libc.Words(Libc.LastError)}; try 'losetup -d {Path}'");
        }
        _isDetached = true;
    }

    public void Dispose() => Detach();

    private bool IsStillOurs()
    {
        var backingFile = LoopEntry.BackingFile(Index);
        return backingFile is not null && (_sequence is null ? backingFile == _backingFile : LoopEntry.DiskSequence(Index) == _sequence);
    }

    private static SafeFileHandle OpenControl()
    {
        var control = Libc.Open(ControlPath, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (!control.IsInvalid)
            return control;
        throw new FuseException(Libc.LastError switch
        {
            Errno.NoEntry =>
                $"there is no {ControlPath}; load the module with 'modprobe loop', "
                + "or give the container the devices ('docker run --privileged')",
            Errno.NotPermitted or Errno.AccessDenied => $"{ControlPath} may not be opened: a loop device takes root",
            var errno => $"cannot open {ControlPath}: {Libc.Words(errno)}",
        });
    }

    private static SafeFileHandle OpenFile(string file, FileAccess access)
    {
        var flags = access == FileAccess.Read ? Libc.OpenReadOnly : Libc.OpenReadWrite;
        var backing = Libc.Open(file, flags | Libc.OpenCloseOnExec);
        return backing.IsInvalid ? throw new FuseException($"cannot open {file}: {Libc.Words(Libc.LastError)}") : backing;
    }

    /// <summary>False where the loop device was taken meanwhile.</summary>
    private static bool TryConfigure(int index, string file, SafeFileHandle backing, LoopDeviceOptions options)
    {
        using var loop = OpenLoop(index, options.Access);
        var flags = (options.Access == FileAccess.Read ? LoopFlags.ReadOnly : LoopFlags.None)
            | (options.Partitions == PartitionScan.Kernel ? LoopFlags.PartitionScan : LoopFlags.None)
            | (options.Input == LoopInput.Direct ? LoopFlags.DirectIo : LoopFlags.None);
        Span<byte> configuration = stackalloc byte[LoopConfiguration.Size];
        new LoopConfiguration((int)backing.DangerousGetHandle(), options.BlockSize, flags, file).Write(configuration);
        if (Libc.Control(loop, Configure, configuration) == 0)
            return true;
        return Libc.LastError switch
        {
            Errno.Busy => false,
            Errno.NotATerminal => throw new FuseException("the kernel's loop device is too old (LOOP_CONFIGURE came with Linux 5.8)"),
            Errno.Invalid => throw new FuseException(
                $"the kernel does not take {file} as a loop device with blocks of {options.BlockSize} bytes, or is older than Linux 5.8"),
            var errno => throw new FuseException($"cannot attach {file} to {PathOf(index)}: {Libc.Words(errno)}"),
        };
    }

    /// <summary>Opens a node, which in a container nobody may have made.</summary>
    private static SafeFileHandle OpenLoop(int index, FileAccess access)
    {
        var flags = (access == FileAccess.Read ? Libc.OpenReadOnly : Libc.OpenReadWrite) | Libc.OpenCloseOnExec;
        var loop = Libc.Open(PathOf(index), flags);
        if (!loop.IsInvalid)
            return loop;
        if (Libc.LastError == Errno.NoEntry && LoopEntry.DeviceNumber(index) is { } number)
        {
            _ = Libc.MakeNode(PathOf(index), Libc.BlockDeviceNode | OwnerAndGroup, NumberOf(number.Major, number.Minor));
            loop = Libc.Open(PathOf(index), flags);
            if (!loop.IsInvalid)
                return loop;
        }
        throw new FuseException(
            $"cannot open {PathOf(index)}: {Libc.Words(Libc.LastError)}; "
            + "a container has to be given its host's loop devices ('docker run --privileged')");
    }

    /// <summary>makedev(3).</summary>
    private static ulong NumberOf(uint major, uint minor) =>
        ((ulong)(major & 0xFFFFF000) << 32) | ((ulong)(major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);

    private static string PathOf(int index) => $"/dev/loop{index}";
}
