using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Becket.Verifying;

/// <summary>What <c>becket verify</c> prints. The JSON names are a promise to scripts; null fields are left out.</summary>
internal sealed record VerifyReport
{
    public required string Source { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    [JsonPropertyName("etag")]
    public string? ETag { get; init; }

    /// <summary>"verified", "damaged" or "unverifiable".</summary>
    public required string Result { get; init; }

    /// <summary>Of the bytes that were read, whatever they were compared with.</summary>
    public required string Sha256 { get; init; }

    public required IReadOnlyList<VerifiedChecksum> Checksums { get; init; }

    public VerifiedCache? Cache { get; init; }

    public double Seconds { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, VerifyReportJson.Readable.VerifyReport) + "\n";

    public string ToText()
    {
        var text = new StringBuilder();
        Line("source", Source);
        Line("size", string.Create(CultureInfo.InvariantCulture, $"{Size} ({ByteCount.Format(Size)})"));
        Line("etag", ETag);
        Line("sha256", Sha256);
        foreach (var checksum in Checksums)
            Line("checked", checksum.ToText());
        if (Cache is { } cache)
            Line("cache", cache.ToText());
        Line("result", Result);
        return text.ToString();

        void Line(string name, string? value)
        {
            if (value is not null)
                text.Append(CultureInfo.InvariantCulture, $"{name + ":",-10}{value}\n");
        }
    }
}

/// <summary>One comparison.</summary>
internal sealed record VerifiedChecksum
{
    /// <summary>The header that it is from, or <c>--sha256</c>.</summary>
    public required string Origin { get; init; }

    public required string Algorithm { get; init; }

    /// <summary>Of so many parts; absent for one of the bytes.</summary>
    public int? Parts { get; init; }

    /// <summary>The size of the parts, where they are equal.</summary>
    public long? PartSize { get; init; }

    /// <summary>"match", "mismatch", or "unknown": it differs, or could not be computed, and that proves nothing.</summary>
    public required string Outcome { get; init; }

    /// <summary>In hex.</summary>
    public required string Expected { get; init; }

    /// <summary>In hex; absent where it could not be computed.</summary>
    public string? Computed { get; init; }

    public string ToText()
    {
        var parts = Parts is { } count ? string.Create(CultureInfo.InvariantCulture, $" of {count} part{(count == 1 ? "" : "s")}") : "";
        var size = PartSize is { } bytes ? $" of {ByteCount.Format(bytes)}" : "";
        return Outcome switch
        {
            "match" => $"{Algorithm}{parts}{size} ({Origin}): {Expected}, as computed",
            "mismatch" => $"{Algorithm}{parts}{size} ({Origin}): should be {Expected}, and is {Computed}",
            _ when Parts is not null =>
                $"{Algorithm}{parts} ({Origin}): {Expected}; not to be compared, as the sizes of the parts are unknown (--part-size)",
            _ => $"{Algorithm} ({Origin}): {Expected} is not that of the bytes, and need not be: not every ETag is a checksum",
        };
    }
}

/// <summary>The outcome for the cache folder.</summary>
internal sealed record VerifiedCache
{
    public required string Folder { get; init; }

    /// <summary>Blocks of 4 KiB that are there.</summary>
    public required long Blocks { get; init; }

    /// <summary>Those that do not match their own checksum.</summary>
    public required long Damaged { get; init; }

    /// <summary>Those that match it and not the store.</summary>
    public required long Different { get; init; }

    /// <summary>Bad blocks that were dropped.</summary>
    public required long Dropped { get; init; }

    [JsonIgnore]
    public long Left => Damaged + Different - Dropped;

    public string ToText() => Blocks == 0
        ? $"nothing of this object in {Folder}"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{Blocks} blocks in {Folder}: {Damaged} damaged, {Different} unlike the store's, {Dropped} dropped");
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VerifyReport))]
internal sealed partial class VerifyReportJson : JsonSerializerContext
{
    /// <summary>Quotes as <c>\"</c> and not as <c>\u0022</c>: this JSON is read by people and scripts, never put in a page.</summary>
    public static VerifyReportJson Readable => field ??=
        new VerifyReportJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
