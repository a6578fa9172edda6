using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Becket.Bench.Proxy;

/// <summary>The calls that .NET does not have: moving bytes between descriptors inside the kernel, and an exact wait.</summary>
internal static partial class Libc
{
    public const uint SpliceMove = 1;
    public const uint SpliceMore = 4;
    public const int Interrupted = 4;

    private const int SetPipeSize = 1031;
    private const int CloseOnExec = 0x80000;
    private const int MonotonicClock = 1;
    private const int AbsoluteTime = 1;

    /// <summary>The number of bytes moved; 0: the source has ended; -1: see <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    public static partial nint Splice(SafeHandle from, nint fromOffset, SafeHandle to, nint toOffset, nuint count, uint flags);

    /// <summary>A pipe that holds <paramref name="capacity"/> bytes, or the default where the system does not allow as many.</summary>
    public static (SafeFileHandle Reader, SafeFileHandle Writer) OpenPipe(int capacity)
    {
        Span<int> ends = stackalloc int[2];
        if (Pipe2(ref ends[0], CloseOnExec) != 0)
            throw new IOException($"no pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        _ = Fcntl(ends[1], SetPipeSize, capacity);
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>
    /// Waits until a moment of <see cref="System.Diagnostics.Stopwatch"/>, whose ticks on Linux are the monotonic clock's nanoseconds.
    /// </summary>
    public static void WaitUntil(long timestamp)
    {
        var moment = new TimeSpec(timestamp / 1_000_000_000, timestamp % 1_000_000_000);
        while (ClockNanosleep(MonotonicClock, AbsoluteTime, moment, 0) == Interrupted)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(ref int ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Fcntl(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int ClockNanosleep(int clock, int flags, in TimeSpec moment, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
