using System.CommandLine.Parsing;

namespace Becket.Commands;

/// <summary>Reads the values that several options have in common, and says what such a value looks like where one does not.</summary>
internal static class OptionValues
{
    /// <param name="result">What was typed.</param>
    /// <param name="longest">In whole days.</param>
    /// <param name="examples">Of such times.</param>
    public static TimeSpan ParseTime(ArgumentResult result, TimeSpan longest, string examples)
    {
        var text = TextOf(result);
        if (Duration.TryParse(text, out var time) && time >= TimeSpan.FromSeconds(1) && time <= longest)
            return time;
        result.AddError($"'{text}' is not a time from 1s to {longest.Days}d; write a number of seconds or such as {examples}");
        return default;
    }

    /// <param name="result">What was typed.</param>
    /// <param name="examples">Of such sizes.</param>
    public static long ParseSize(ArgumentResult result, string examples)
    {
        var text = TextOf(result);
        if (!ByteCount.TryParse(text, out var bytes))
            result.AddError($"'{text}' is not a size; write a number of bytes or such as {examples}");
        return bytes;
    }

    /// <summary>Requests to a store at a time.</summary>
    public static void CheckConnections(int? connections)
    {
        if (connections is < 1 or > 256)
            throw CommandException.Usage("--connections takes a number from 1 to 256");
    }

    public static string TextOf(ArgumentResult result) => result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
}
