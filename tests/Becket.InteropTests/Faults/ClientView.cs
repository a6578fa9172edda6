using Becket.Nbd;

namespace Becket.InteropTests.Faults;

/// <summary>What one client of an export sees while it reads a stretch in order and compares every byte.</summary>
internal sealed class ClientView(NbdClient client, int number)
{
    public const int Request = 256 << 10;

    private const int InputOutputError = 5;

    /// <summary>Far more than any deadline here, and still an end: who waits longer hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Reads up to the first error.</summary>
    public async Task<Seen> ReadAsync(long from, long end, CancellationToken cancellationToken)
    {
        var buffer = new byte[Request];
        for (var offset = from; offset < end; offset += Request)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            try
            {
                await client.ReadAsync(offset, buffer, limit.Token);
            }
            catch (NbdException e) when (e.Errno == InputOutputError)
            {
                return Seen.InputOutputError;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Seen.Nothing;
            }
            Assert.True(KnownBytes.Are(number, offset, buffer), $"wrong bytes in object {number} at {offset}");
        }
        return Seen.RightBytes;
    }
}

/// <summary>What a read came to.</summary>
internal enum Seen
{
    RightBytes,
    InputOutputError,
    Nothing,
}

internal static class SeenText
{
    public static string InWords(this Seen seen) => seen switch
    {
        Seen.RightBytes => "right bytes",
        Seen.InputOutputError => "EIO",
        _ => "**no end**",
    };
}
