using System.Text.Json;
using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket.Tests.Program;

public class JsonLogLineTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    [Fact]
    public void A_line_is_written_to_the_letter()
    {
        KeyValuePair<string, object?>[] fields =
            [new("Peer", "127.0.0.1:5"), new("Offset", 4096L), new("{OriginalFormat}", "{Peer} {Offset}")];
        Assert.Equal(
            """
            {"timestamp":"2026-01-02T03:04:05.678Z","level":"information","category":"Becket.Nbd",
            "message":"said","peer":"127.0.0.1:5","offset":4096}
            """.ReplaceLineEndings(""),
            JsonLogLine.Format(Time, LogLevel.Information, "Becket.Nbd", "said", fields, exception: null));
    }

    [Fact]
    public void Whatever_is_said_stays_on_one_line_and_can_be_read_back()
    {
        const string Nasty = "a\"b\\c\nd\0e\u2028f😀\ud800";
        KeyValuePair<string, object?>[] fields =
        [
            new("Export", Nasty),
            new("Seconds", 1.5),
            new("Wait", TimeSpan.FromSeconds(2)),
            new("Is", true),
            new("Odd", double.NaN),
            new("None", null),
        ];
        var line = JsonLogLine.Format(Time, LogLevel.Error, "c", Nasty, fields, exception: Nasty);
        Assert.DoesNotContain('\n', line);
        var json = JsonDocument.Parse(line).RootElement;
        Assert.StartsWith("a\"b\\c\nd\0e\u2028f😀", json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("a\"b", json.GetProperty("export").GetString(), StringComparison.Ordinal);
        Assert.Equal(1.5, json.GetProperty("seconds").GetDouble());
        Assert.Equal(2, json.GetProperty("wait").GetDouble());
        Assert.True(json.GetProperty("is").GetBoolean());
        Assert.Equal("NaN", json.GetProperty("odd").GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("none").ValueKind);
    }

    [Fact]
    public void A_name_comes_once_and_none_hides_the_lines_own()
    {
        KeyValuePair<string, object?>[] fields =
            [new("Peer", "first"), new("peer", "second"), new("Message", "third"), new("Level", "fourth")];
        var json = JsonDocument.Parse(JsonLogLine.Format(Time, LogLevel.Warning, "c", "said", fields, exception: null)).RootElement;
        Assert.Equal(
            ["timestamp", "level", "category", "message", "peer"], json.EnumerateObject().Select(static property => property.Name));
        Assert.Equal("first", json.GetProperty("peer").GetString());
        Assert.Equal("said", json.GetProperty("message").GetString());
    }
}
