using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Becket.Bench.Proxy;

/// <summary>
/// Passes bodies from one channel to another: within the kernel where the length is known, by copying where it is not.
/// Belongs to one thread. Its pipe is empty between two bodies; after an exception it may not be, and the relay is done.
/// </summary>
internal sealed class BodyRelay : IDisposable
{
    private const int PipeCapacity = 1024 * 1024;

    private (SafeFileHandle Reader, SafeFileHandle Writer)? _pipe;

    /// <summary>Passes on a head, which is buffered whole, and its body; tells the number of the body's bytes as they go.</summary>
    public void Pass(HttpChannel from, HttpChannel to, int headSize, in HttpHead head, Action<long> counted)
    {
        switch (head.Framing)
        {
            case BodyFraming.Length:
                PassLength(from, to, headSize, head.Length, counted);
                break;
            case BodyFraming.Chunked:
                PassBuffered(from, to, headSize);
                PassChunks(from, to, counted);
                break;
            default:
                PassBuffered(from, to, headSize);
                PassUntilClose(from, to, counted);
                break;
        }
    }

    public void Dispose()
    {
        _pipe?.Reader.Dispose();
        _pipe?.Writer.Dispose();
    }

    private void PassLength(HttpChannel from, HttpChannel to, int headSize, long length, Action<long> counted)
    {
        var here = (int)Math.Min(from.Buffered.Length - headSize, length);
        PassBuffered(from, to, headSize + here);
        counted(here);
        if (here < length)
            Splice(from, to, length - here, counted);
    }

    private void Splice(HttpChannel from, HttpChannel to, long length, Action<long> counted)
    {
        var (reader, writer) = _pipe ??= Libc.OpenPipe(PipeCapacity);
        while (length > 0)
        {
            var taken = Move(from.Socket.SafeHandle, writer, Math.Min(length, PipeCapacity), Libc.SpliceMove);
            length -= taken;
            counted(taken);
            // More: the kernel may wait for a fuller packet. Never said of the last bytes, which would wait in vain.
            while (taken > 0)
                taken -= Move(reader, to.Socket.SafeHandle, taken, Libc.SpliceMove | (length > 0 ? Libc.SpliceMore : 0));
        }
    }

    private static long Move(SafeHandle from, SafeHandle to, long count, uint flags)
    {
        while (true)
        {
            var moved = Libc.Splice(from, 0, to, 0, (nuint)count, flags);
            if (moved > 0)
                return moved;
            if (moved == 0)
                throw new EndOfStreamException("the store ended a body early");
            if (Marshal.GetLastPInvokeError() != Libc.Interrupted)
                throw new IOException($"splice: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    private static void PassBuffered(HttpChannel from, HttpChannel to, int count)
    {
        to.Send(from.Buffered[..count]);
        from.Take(count);
    }

    private static void PassUntilClose(HttpChannel from, HttpChannel to, Action<long> counted)
    {
        do
        {
            counted(from.Buffered.Length);
            PassBuffered(from, to, from.Buffered.Length);
        }
        while (from.Receive());
    }

    private static void PassChunks(HttpChannel from, HttpChannel to, Action<long> counted)
    {
        while (true)
        {
            var size = PassLine(from, to).Split(';')[0];
            var left = long.Parse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (left == 0)
                break;

            counted(left);
            for (left += 2; left > 0;) // the chunk and the line end behind it
            {
                var count = (int)Math.Min(left, from.Buffered.Length);
                PassBuffered(from, to, count);
                left -= count;
                if (left > 0)
                    Require(from.Receive());
            }
        }

        // Trailing fields, then an empty line.
        while (PassLine(from, to).Length > 0)
        {
        }
    }

    private static string PassLine(HttpChannel from, HttpChannel to)
    {
        int end;
        while ((end = from.Buffered.IndexOf("\r\n"u8)) < 0)
            Require(from.Receive());

        var line = Encoding.ASCII.GetString(from.Buffered[..end]);
        PassBuffered(from, to, end + 2);
        return line;
    }

    private static void Require(bool received)
    {
        if (!received)
            throw new EndOfStreamException("the store ended a body early");
    }
}
