Console.WriteLine("becket");
