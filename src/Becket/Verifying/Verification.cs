using System.Security.Cryptography;
using Becket.Blocks;
using Becket.Volumes;

namespace Becket.Verifying;

/// <summary>
/// One pass over everything that a source holds: each checksum that there is to compare with is computed on a thread of its own, and
/// the cache is held against the bytes as they come by.
/// </summary>
internal sealed class Verification(IBlockDevice device, VerifyPlan plan, VerifyProgress progress, TimeProvider time)
{
    /// <param name="source">The source's name, for the report.</param>
    /// <param name="cache">What is cached of it; null where that is not asked.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<VerifyReport> RunAsync(string source, CacheComparison? cache, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var remote = device as ObjectDevice;
        List<PlannedChecksum> planned = [];
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            if (remote is not null)
                planned.AddRange(await ChecksumPlan.MakeAsync(remote, plan.PartSize, cancellationToken));
            var tests = planned.SelectMany(static checksum => checksum.Tests).ToList();
            await new OrderedReader(device, plan.Connections).ReadAsync(
                async (offset, bytes) =>
                {
                    await Task.WhenAll(
                    [
                        Task.Run(() => sha256.AppendData(bytes.Span), cancellationToken),
                        Task.Run(() => cache?.Compare(offset, bytes.Span), cancellationToken),
                        .. tests.Select(test => Task.Run(() => test.Append(bytes.Span), cancellationToken)),
                    ]);
                    progress.Advance(offset + bytes.Length);
                },
                cancellationToken);

            var computed = sha256.GetHashAndReset();
            List<VerifiedChecksum> checksums = [.. planned.Select(static checksum => checksum.Compare())];
            if (plan.Sha256 is { } pinned)
                checksums.Insert(0, ComparePinned(pinned, computed));
            var result = Judge(checksums);
            return new VerifyReport
            {
                Source = source,
                Size = device.Info.Size,
                ETag = remote?.Pin.ETag,
                Result = result,
                Sha256 = Convert.ToHexStringLower(computed),
                Checksums = checksums,
                Cache = cache is null ? null : Conclude(cache, result),
                Seconds = Math.Round(time.GetElapsedTime(started).TotalSeconds, 3),
            };
        }
        finally
        {
            foreach (var checksum in planned)
                checksum.Dispose();
        }
    }

    private VerifiedCache Conclude(CacheComparison cache, string result) => new()
    {
        Folder = cache.Folder,
        Blocks = cache.Blocks,
        Damaged = cache.Damaged,
        Different = cache.Different,
        Dropped = plan.RepairCache ? cache.Repair(result == VerifyResult.Damaged ? DifferentBlocks.Keep : DifferentBlocks.Drop) : 0,
    };

    private static VerifiedChecksum ComparePinned(byte[] pinned, byte[] computed) => new()
    {
        Origin = "--sha256",
        Algorithm = "SHA-256",
        Outcome = pinned.AsSpan().SequenceEqual(computed) ? "match" : "mismatch",
        Expected = Convert.ToHexStringLower(pinned),
        Computed = Convert.ToHexStringLower(computed),
    };

    private static string Judge(List<VerifiedChecksum> checksums) =>
        checksums.Exists(static checksum => checksum.Outcome == "mismatch") ? VerifyResult.Damaged
        : checksums.Exists(static checksum => checksum.Outcome == "match") ? VerifyResult.Verified
        : VerifyResult.Unverifiable;
}

/// <summary>What is to be verified, as the command line says it.</summary>
internal sealed record VerifyPlan
{
    /// <summary>The SHA-256 that the user knows; null where he does not.</summary>
    public byte[]? Sha256 { get; init; }

    /// <summary>Bytes in the parts of a multipart upload, where the user knows that.</summary>
    public long? PartSize { get; init; }

    public bool RepairCache { get; init; }

    public int Connections { get; init; }
}

/// <summary>The words of <see cref="VerifyReport.Result"/>.</summary>
internal static class VerifyResult
{
    public const string Verified = "verified";
    public const string Damaged = "damaged";
    public const string Unverifiable = "unverifiable";
}
