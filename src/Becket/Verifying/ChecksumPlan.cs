using Becket.Objects;
using Becket.Volumes;

namespace Becket.Verifying;

/// <summary>
/// Which checksums of an object are to be computed. A checksum of parts needs their sizes: from the user, from the store, or, where
/// neither tells, guessed; a guess can prove that the bytes are right and never that they are wrong.
/// </summary>
internal static class ChecksumPlan
{
    /// <summary>HEADs at a time where the parts are asked for, one by one.</summary>
    private const int PartLooks = 16;

    /// <param name="device">The object.</param>
    /// <param name="partSize">What the user says that it was uploaded in; null where he does not.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    /// <returns>For each checksum of the store the tests of it, any of which may be met; none where nothing can be computed.</returns>
    public static async Task<IReadOnlyList<PlannedChecksum>> MakeAsync(
        ObjectDevice device, long? partSize, CancellationToken cancellationToken)
    {
        var stored = (await device.GetChecksumsAsync(part: null, cancellationToken)).All;
        var planned = new List<PlannedChecksum>();
        IReadOnlyList<long>? sizes = null;
        var asked = false;
        foreach (var checksum in stored)
        {
            if (checksum.Parts is not { } count)
            {
                planned.Add(new PlannedChecksum(checksum, [new ChecksumTest(checksum, layout: null)]));
                continue;
            }
            if (partSize is { } given)
            {
                planned.Add(new PlannedChecksum(checksum, [new ChecksumTest(checksum, PartLayout.OfSize(given))]));
                continue;
            }
            if (!asked)
                sizes = await AskPartsAsync(device, count, cancellationToken);
            asked = true;
            planned.Add(sizes is not null
                ? new PlannedChecksum(checksum, [new ChecksumTest(checksum, PartLayout.Listed(sizes))])
                : new PlannedChecksum(
                    checksum with { Weight = ChecksumWeight.Hint },
                    [.. PartLayout.Guess(device.Info.Size, count).Select(layout => new ChecksumTest(checksum, layout))]));
        }
        return planned;
    }

    /// <summary>Null where the store does not know of parts, or what it says does not add up.</summary>
    private static async Task<IReadOnlyList<long>?> AskPartsAsync(ObjectDevice device, int count, CancellationToken cancellationToken)
    {
        if ((await device.GetChecksumsAsync(1, cancellationToken)).Part is not { } first || first.Count != count)
            return null;
        var sizes = new long[count];
        sizes[0] = first.Size;
        var options = new ParallelOptions { MaxDegreeOfParallelism = PartLooks, CancellationToken = cancellationToken };
        await Parallel.ForAsync(2, count + 1, options, async (number, token) =>
            sizes[number - 1] = (await device.GetChecksumsAsync(number, token)).Part?.Size ?? 0);
        return sizes.Sum() == device.Info.Size && !sizes.Contains(0) ? sizes : null;
    }
}

/// <summary>A checksum to compare with, and the ways of computing it: one, or several where the parts are guessed. Owns them.</summary>
internal sealed record PlannedChecksum(StoredChecksum Stored, IReadOnlyList<ChecksumTest> Tests) : IDisposable
{
    /// <summary>Once, after the last byte.</summary>
    public VerifiedChecksum Compare()
    {
        var results = Tests.Select(static test => (test.Layout, Value: test.Finish())).ToList();
        var met = results.FindIndex(result => result.Value.AsSpan().SequenceEqual(Stored.Value.Span));
        var shown = met >= 0 ? results[met] : results.Count == 1 ? results[0] : default;
        return new VerifiedChecksum
        {
            Origin = Stored.Origin,
            Algorithm = NameOf(Stored.Kind),
            Parts = Stored.Parts,
            PartSize = shown.Layout?.Uniform,
            Outcome = met >= 0 ? "match" : Stored.Weight == ChecksumWeight.Proof ? "mismatch" : "unknown",
            Expected = Convert.ToHexStringLower(Stored.Value.Span),
            Computed = shown.Value is { } value ? Convert.ToHexStringLower(value) : null,
        };
    }

    public void Dispose()
    {
        foreach (var test in Tests)
            test.Dispose();
    }

    private static string NameOf(ChecksumKind kind) => kind switch
    {
        ChecksumKind.Md5 => "MD5",
        ChecksumKind.Crc32 => "CRC-32",
        ChecksumKind.Crc32C => "CRC-32C",
        ChecksumKind.Crc64Nvme => "CRC-64/NVME",
        ChecksumKind.Sha1 => "SHA-1",
        _ => "SHA-256",
    };
}
