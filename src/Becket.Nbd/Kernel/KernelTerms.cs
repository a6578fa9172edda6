using System.Globalization;
using System.Numerics;
using System.Text;
using Becket.Blocks;

namespace Becket.Nbd.Kernel;

/// <summary>What must hold between a device and the terms on which the kernel is to use it.</summary>
internal static class KernelTerms
{
    private const int Sector = 512;

    /// <summary>The kernel shows it in a file of sysfs, which is one page at most.</summary>
    private const int MaximumIdentifier = 2048;

    /// <summary>Refuses what the kernel would refuse for less of a reason, and adapts the connections to what both sides can do.</summary>
    public static KernelDeviceOptions Check(KernelDeviceOptions options, BlockDeviceInfo info)
    {
        var block = options.BlockSize;
        if (!BitOperations.IsPow2(block) || block < Sector || block > Environment.SystemPageSize)
            throw new KernelDeviceException($"the kernel takes blocks of 512 to {Environment.SystemPageSize} bytes, not of {block}");
        if (info.MinimumBlock > block)
            throw new KernelDeviceException($"{info.Description} takes no blocks below {info.MinimumBlock} bytes; use these");
        if (info.Size < block)
            throw new KernelDeviceException($"{info.Description} has {info.Size} bytes, not even a block of {block}: nothing to attach");

        var identifier = options.BackendIdentifier;
        if (Encoding.UTF8.GetByteCount(identifier) > MaximumIdentifier || identifier.AsSpan().ContainsAny('\0', '\n'))
            throw new ArgumentException($"a backend identifier is one line of at most {MaximumIdentifier} bytes", nameof(options));
        if (options.Connections < 1 || options.RequestTimeout < TimeSpan.Zero || options.DeadConnectionTimeout < TimeSpan.Zero)
            throw new ArgumentException("there is at least one connection, and no time is negative", nameof(options));

        // Several sockets without a time limit are no such thing to the kernel: it gives them up after 30 s, one by one.
        var canBeSeveral = info.Has(BlockDeviceFeatures.MultiConnection) && options.RequestTimeout > TimeSpan.Zero;
        return canBeSeveral ? options : options with { Connections = 1 };
    }

    /// <summary>In bytes: what follows the last whole block is out of the kernel's reach.</summary>
    public static long VisibleSize(BlockDeviceInfo info, KernelDeviceOptions options) => info.Size & -(long)options.BlockSize;

    /// <summary>Throws unless a connected device is the one that we have. The kernel compares identifiers too, but no sizes.</summary>
    public static void CheckSame(int index, BlockDeviceInfo info, KernelDeviceOptions options)
    {
        var path = KernelDriver.PathOf(index);
        if (KernelDriver.ReadAttribute(index, "pid") is null)
            throw new KernelDeviceException($"{path} is not connected, so that there is nothing to revive; attach it anew");

        var backend = KernelDriver.BackendOf(index) ?? "";
        if (backend != options.BackendIdentifier)
        {
            throw new KernelDeviceException(
                backend.Length > 0
                    ? $"{path} holds something else: {backend}"
                    : $"the kernel does not say what {path} holds: it is older than 5.14, or this is another program's; attach anew");
        }

        var size = ReadSize(index);
        if (size != VisibleSize(info, options))
            throw new KernelDeviceException($"{path} has {size} bytes, but {info.Description} has {info.Size}; detach it and attach anew");
    }

    /// <summary>False where the kernel does not let us; it then looks every 30 s.</summary>
    public static bool SetRetryInterval(int index, TimeSpan interval)
    {
        try
        {
            var milliseconds = Math.Max(1, (long)interval.TotalMilliseconds);
            File.WriteAllText(KernelDriver.AttributePath(index, "queue/io_timeout"), milliseconds.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long? ReadSize(int index) =>
        long.TryParse(KernelDriver.ReadAttribute(index, "size"), CultureInfo.InvariantCulture, out var sectors) ? sectors * Sector : null;
}
