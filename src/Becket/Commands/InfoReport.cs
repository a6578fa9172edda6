using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Becket.Commands;

/// <summary>What <c>becket info</c> prints. The JSON names are a promise to scripts; null fields are left out.</summary>
internal sealed record InfoReport
{
    public required string Source { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    [JsonPropertyName("etag")]
    public string? ETag { get; init; }

    public string? VersionId { get; init; }

    public string? ContentType { get; init; }

    public DateTimeOffset? LastModified { get; init; }

    public string? Store { get; init; }

    /// <summary>What the first bytes look like; several for a hybrid image.</summary>
    public required IReadOnlyList<string> Content { get; init; }

    /// <summary>An NBD server's own words.</summary>
    public string? Description { get; init; }

    public bool? ReadOnly { get; init; }

    /// <summary>The names that an NBD server tells of.</summary>
    public IReadOnlyList<string>? Exports { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, InfoReportJson.Readable.InfoReport) + "\n";

    public string ToText()
    {
        var text = new StringBuilder();
        Line("source", Source);
        Line("size", string.Create(CultureInfo.InvariantCulture, $"{Size} ({ByteCount.Format(Size)})"));
        Line("etag", ETag);
        Line("version", VersionId);
        Line("content-type", ContentType);
        Line("last-modified", LastModified?.ToString("u", CultureInfo.InvariantCulture));
        Line("content", Content.Count > 0 ? string.Join(", ", Content) : "not recognised");
        Line("store", Store);
        Line("description", Description);
        Line("access", ReadOnly switch { true => "read-only", false => "writable", null => null });
        Line("exports", Exports is { Count: > 0 } ? string.Join(", ", Exports.Select(name => $"\"{name}\"")) : null);
        return text.ToString();

        void Line(string name, string? value)
        {
            if (value is not null)
                text.Append(CultureInfo.InvariantCulture, $"{name + ":",-15}{value}\n");
        }
    }
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(InfoReport))]
internal sealed partial class InfoReportJson : JsonSerializerContext
{
    /// <summary>Quotes as <c>\"</c> and not as <c>\u0022</c>: this JSON is read by people and scripts, never put in a page.</summary>
    public static InfoReportJson Readable => field ??=
        new InfoReportJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
