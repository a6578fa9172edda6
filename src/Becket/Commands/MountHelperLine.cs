using System.CommandLine;

namespace Becket.Commands;

/// <summary>
/// Puts the command line that mount(8) gives to its helpers, <c>SOURCE FOLDER [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE]</c>, into the
/// words of <c>becket mount</c>. Every long option of that is an option here, without its dashes; what neither knows is for
/// the file system in the object.
/// </summary>
internal static class MountHelperLine
{
    /// <summary>They say how a command talks to a person, or come as letters.</summary>
    private static readonly string[] NotForHere = ["--foreground", "--json", "--options", "--verbose", "--help", "--version"];

    /// <summary>
    /// For mount(8), systemd and people. <c>rw</c> is among them because mount(8) passes it whenever <c>ro</c> is not asked for.
    /// </summary>
    private static readonly string[] Ignored =
        ["ro", "rw", "defaults", "nofail", "auto", "noauto", "user", "nouser", "users", "nousers", "owner", "noowner", "group", "nogroup"];

    private static readonly string[] IgnoredBeginnings = ["x-", "comment=", "uhelper=", "helper="];

    /// <param name="arguments">Without the program's name.</param>
    /// <param name="known">The options of <c>becket mount</c>.</param>
    /// <returns>A command line for the program; null where nothing is to be done.</returns>
    /// <exception cref="CommandException">The command line makes no sense.</exception>
    public static IReadOnlyList<string>? Translate(IReadOnlyList<string> arguments, IEnumerable<Option> known)
    {
        var (words, letters, options) = Split(arguments);
        if (words is not [var source, var folder])
            throw CommandException.Usage("usage: mount -t becket SOURCE FOLDER [-o OPTIONS], where SOURCE is such as s3://bucket/key");
        var translated = TranslateOptions(options, known.Where(static option => !NotForHere.Contains(option.Name)).ToList());
        if (letters.Contains('f', StringComparison.Ordinal))
            return null;
        return ["mount", source, folder, .. translated, .. letters.Contains('v', StringComparison.Ordinal) ? ["--verbose"] : (string[])[]];
    }

    private static (List<string> Words, string Letters, List<string> Options) Split(IReadOnlyList<string> arguments)
    {
        var (words, letters, options) = (new List<string>(), "", new List<string>());
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument.Length < 2 || argument[0] != '-')
            {
                words.Add(argument);
                continue;
            }
            // -o OPTIONS, -oOPTIONS and -vo OPTIONS are the same to getopt(3).
            for (var at = 1; at < argument.Length; at++)
            {
                if (argument[at] is not ('o' or 't' or 'N'))
                {
                    letters += "sfnv".Contains(argument[at], StringComparison.Ordinal)
                        ? argument[at]
                        : throw CommandException.Usage($"-{argument[at]} is not an option of mount(8) for its helpers");
                    continue;
                }
                var value = at + 1 < argument.Length ? argument[(at + 1)..]
                    : ++i < arguments.Count ? arguments[i]
                    : throw CommandException.Usage($"-{argument[at]} needs a value");
                if (argument[at] == 'N')
                    throw CommandException.Usage("-N: becket cannot mount in another namespace; run it there, with nsenter(1)");
                if (argument[at] == 'o')
                    options.AddRange(SplitAtCommas(value));
                break;
            }
        }
        return (words, letters, options);
    }

    /// <summary>Double quotes protect commas, as in <c>context="system_u:object_r:tmp_t:s0:c127,c456"</c>.</summary>
    private static IEnumerable<string> SplitAtCommas(string options)
    {
        var (start, isQuoted) = (0, false);
        for (var i = 0; i <= options.Length; i++)
        {
            if (i < options.Length && options[i] == '"')
                isQuoted = !isQuoted;
            if (i < options.Length && (options[i] != ',' || isQuoted))
                continue;
            if (i > start)
                yield return options[start..i];
            start = i + 1;
        }
    }

    private static List<string> TranslateOptions(IEnumerable<string> options, List<Option> known)
    {
        var (own, others) = (new List<string>(), new List<string>());
        foreach (var option in options.Where(static option => !IsIgnored(option)))
        {
            var (name, value) = option.Split('=', 2) is [var before, var after] ? (before, after) : (option, null);
            var dashed = $"--{name.Replace('_', '-')}";
            if (option == "remount")
                throw CommandException.Usage("remount: becket cannot change a mount; umount it, and mount it again");
            if (NotForHere.Contains(dashed))
                throw CommandException.Usage($"{name} is an option of 'becket mount' that makes no sense to mount(8)");
            if (known.Find(candidate => candidate.Name == dashed) is not { } match)
                others.Add(option);
            else if (match.ValueType != typeof(bool))
                own.Add($"{dashed}={value?.Trim('"') ?? throw CommandException.Usage($"{name} needs a value: {name}={match.HelpName}")}");
            else
                own.Add(value is null ? dashed : throw CommandException.Usage($"{name} takes no value"));
        }
        return others.Count == 0 ? own : [.. own, "-o", string.Join(',', others)];
    }

    private static bool IsIgnored(string option) =>
        Ignored.Contains(option) || IgnoredBeginnings.Any(beginning => option.StartsWith(beginning, StringComparison.OrdinalIgnoreCase));
}
