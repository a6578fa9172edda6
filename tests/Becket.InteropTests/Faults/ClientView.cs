using System.Diagnostics;
using Becket.Nbd;

namespace Becket.InteropTests.Faults;

/// <summary>What one client of an export sees while it reads a stretch in order and compares every byte.</summary>
/// <param name="client">Its connection.</param>
/// <param name="number">The number of its object.</param>
/// <param name="ioTimeout">How long the server says that a read waits.</param>
internal sealed class ClientView(NbdClient client, int number, TimeSpan ioTimeout)
{
    public const int Request = 256 << 10;

    private const int InputOutputError = 5;

    /// <summary>What a read may last longer than it waits. Much more than it does, as two busy cores run a dozen servers here.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);

    /// <summary>Far more than any deadline here, and still an end: who waits longer hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Reads up to the first error, or the first read that is late.</summary>
    public async Task<Seen> ReadAsync(long from, long end, CancellationToken cancellationToken)
    {
        var buffer = new byte[Request];
        for (var offset = from; offset < end; offset += Request)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            var began = Stopwatch.GetTimestamp();
            try
            {
                await client.ReadAsync(offset, buffer, limit.Token);
            }
            catch (NbdException e) when (e.Errno == InputOutputError)
            {
                return IsLate(began) ? Seen.TooLate : Seen.InputOutputError;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Seen.Nothing;
            }
            Assert.True(KnownBytes.Are(number, offset, buffer), $"wrong bytes in object {number} at {offset}");
            if (IsLate(began))
                return Seen.TooLate;
        }
        return Seen.RightBytes;
    }

    private bool IsLate(long began) => Stopwatch.GetElapsedTime(began) > ioTimeout + Slack;
}

/// <summary>What a read came to.</summary>
internal enum Seen
{
    RightBytes,
    InputOutputError,
    TooLate,
    Nothing,
}

internal static class SeenText
{
    public static string InWords(this Seen seen) => seen switch
    {
        Seen.RightBytes => "right bytes",
        Seen.InputOutputError => "EIO",
        Seen.TooLate => "**too late**",
        _ => "**no end**",
    };
}
