#pragma warning disable CA1050, MA0047 // .NET looks for this name, outside of all namespaces
/// <summary>
/// What a child runs before the test runner's entry point (DOTNET_STARTUP_HOOKS). Not a module initializer: as long as one runs, no
/// other thread gets at this assembly's types.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => Becket.InteropTests.Fuse.FuseChild.RunIfChild();
}
