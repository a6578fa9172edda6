using System.CommandLine;

namespace Becket.Commands;

/// <summary><c>-v</c>, which every command takes: what happens, line by line, and errors with their stack.</summary>
internal static class VerboseOption
{
    public static Option<bool> Instance { get; } = new("--verbose", "-v")
    {
        Description = "Say what happens, and show errors in full",
        Recursive = true,
    };
}
