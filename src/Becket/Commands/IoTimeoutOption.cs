using System.CommandLine;
using System.CommandLine.Parsing;

namespace Becket.Commands;

/// <summary><c>--io-timeout</c>: how long reads wait for a store that is away. What it is unless given is each command's own.</summary>
internal static class IoTimeoutOption
{
    /// <param name="ordinary">What it is when it is not given, in words.</param>
    public static Option<TimeSpan?> Create(string ordinary) => new("--io-timeout")
    {
        Description = $"How long reads wait for a store that is away (default: {ordinary})",
        HelpName = "TIME",
        CustomParser = result => ParseTime(result),
    };

    private static TimeSpan ParseTime(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Duration.TryParse(text, out var time) && time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromDays(1))
            return time;
        result.AddError($"'{text}' is not a time from 1s to 1d; write a number of seconds or such as 90s, 5m, 1h");
        return default;
    }
}
