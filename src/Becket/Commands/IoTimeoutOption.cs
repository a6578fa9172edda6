using System.CommandLine;

namespace Becket.Commands;

/// <summary><c>--io-timeout</c>: how long reads wait for a store that is away. What it is unless given is each command's own.</summary>
internal static class IoTimeoutOption
{
    /// <param name="ordinary">What it is when it is not given, in words.</param>
    public static Option<TimeSpan?> Create(string ordinary) => new("--io-timeout")
    {
        Description = $"How long reads wait for a store that is away (default: {ordinary})",
        HelpName = "TIME",
        CustomParser = static result => OptionValues.ParseTime(result, TimeSpan.FromDays(1), "90s, 5m, 1h"),
    };
}
